import nunjucks from "nunjucks";

export default () => {
  const environment = new nunjucks.Environment(null, { autoescape: true });
  environment.addFilter("double", (n) => n * 2);
  return environment.renderString("{% macro li(x) %}<li>{{ x }}</li>{% endmacro %}{% for n in list %}{{ li(n | double) }}{% endfor %}{{ '<b>' }}", { list: [1, 2] });
};
