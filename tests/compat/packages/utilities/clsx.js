import clsx, { clsx as named } from "clsx";
import lite from "clsx/lite";

export default () => [clsx("a", ["b", { c: true, d: false }], null, { e: 1 }), named({ on: 1 }, [["deep"]]), lite("x", false, "y")];
