import * as turf from "@turf/turf";

export default () => {
  const [berlin, paris] = [turf.point([13.405, 52.52]), turf.point([2.3522, 48.8566])];
  const [a, b] = [turf.bboxPolygon([0, 0, 2, 2]), turf.bboxPolygon([1, 1, 3, 3])];
  const result = [turf.distance(berlin, paris), turf.bearing(berlin, paris), turf.area(turf.intersect(turf.featureCollection([a, b]))), turf.booleanPointInPolygon([0.5, 0.5], a), turf.buffer(berlin, 1).geometry.coordinates[0].length, turf.union(turf.featureCollection([a, b])).geometry.type, turf.along(turf.lineString([[0, 0], [0, 10]]), 100).geometry.coordinates, turf.convex(turf.multiPoint([[0, 0], [1, 1], [2, 0], [1, 0.2]])).geometry.coordinates];
  return JSON.parse(JSON.stringify(result, (_, n) => (typeof n === "number" ? Number(n.toFixed(8)) : n)));
};
