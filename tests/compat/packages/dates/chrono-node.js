import * as chrono from "chrono-node";

export default () => {
  const reference = { instant: new Date("2026-06-10T12:00:00Z"), timezone: "UTC" };
  const [result] = chrono.parse("Lunch next Friday from 12:30 to 2pm", reference);
  return [result.text, result.start.date(), result.end.date(), chrono.parseDate("in two weeks", reference), chrono.de.parseDate("übermorgen um 9 Uhr", reference), chrono.strict.parseDate("soon", reference)];
};
