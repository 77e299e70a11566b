import Handlebars from "handlebars";

export default () => {
  Handlebars.registerHelper("shout", (text) => new Handlebars.SafeString(`<b>${Handlebars.escapeExpression(text).toUpperCase()}</b>`));
  Handlebars.registerPartial("item", "<li>{{@index}} {{name}}</li>");
  const template = Handlebars.compile("{{#if title}}{{shout title}}{{/if}}<ul>{{#each items}}{{> item}}{{else}}none{{/each}}</ul>");
  return template({ title: "a<b", items: [{ name: "x" }, { name: "y" }] });
};
