import debug from "debug";
import debug2 from "debug2";

export default () => {
  debug.enable("a:*");
  debug2.enable("b:*");
  return [debug.enabled("a:x"), debug.enabled("b:x"), debug2.enabled("a:x"), debug2.enabled("b:x"), debug.humanize(1_500_000), debug2.humanize(1_500_000), "extend" in debug("a"), "extend" in debug2("b")];
};
