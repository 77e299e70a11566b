import Yoga, { Align, Direction, Edge, FlexDirection, Gutter, Justify } from "yoga-layout";

export default () => {
  const root = Yoga.Node.create();
  root.setWidth(300);
  root.setHeight(100);
  root.setFlexDirection(FlexDirection.Row);
  root.setJustifyContent(Justify.SpaceBetween);
  root.setAlignItems(Align.Center);
  root.setGap(Gutter.All, 10);
  for (const [i, height] of [20, 40].entries()) {
    const child = Yoga.Node.create();
    child.setFlexGrow(i + 1);
    child.setHeight(height);
    child.setMargin(Edge.Left, 5);
    root.insertChild(child, i);
  }
  root.calculateLayout(undefined, undefined, Direction.LTR);
  return [0, 1].map((i) => root.getChild(i).getComputedLayout());
};
