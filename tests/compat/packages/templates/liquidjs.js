import { Liquid } from "liquidjs";

export default async () => {
  const engine = new Liquid({ templates: { row: "<li>{{ row.name | upcase }}</li>" }, outputEscape: "escape" });
  engine.registerFilter("twice", (text) => text + text);
  return [await engine.parseAndRender("{% for r in rows limit:2 %}{% render 'row', row: r %}{% endfor %}{{ '<x>' | twice }} {{ 'a,b' | split: ',' | last }} {% assign n = 7 | modulo: 4 %}{{ n }}", { rows: [{ name: "a" }, { name: "b" }, { name: "c" }] }), engine.parseAndRenderSync("{{ 1234.5 | round }}{% case 1 %}{% when 1 %}one{% endcase %}")];
};
