import { IntlMessageFormat } from "intl-messageformat";

export default () => {
  const text = "{name} hat {n, plural, =0 {nichts} one {# Ding} other {# Dinge}} am {at, date, ::yyyyMMdd} {g, select, f {sie} other {es}} <b>{x, number, ::percent}</b>";
  const format = new IntlMessageFormat(text, "de", undefined, { formatters: undefined });
  const at = new Date(Date.UTC(2026, 0, 2));
  return [format.format({ name: "Ada", n: 1500, at, g: "f", x: 0.25, b: (parts) => `[${parts.join("")}]` }), new IntlMessageFormat("{n, selectordinal, one {#st} two {#nd} other {#th}}", "en").format({ n: 22 })];
};
