import { TomlDate, parse, stringify } from "smol-toml";

export default () => {
  const data = parse('title = "x"\nat = 1979-05-27T07:32:00Z\n[server]\nports = [8_001, 0xff]\npi = 3.14\n[[fruit]]\nname = \'a\\b\'\n[[fruit]]\nname = """\nmulti"""');
  let message;
  try { parse("a = 1\na = 2"); } catch (error) { message = [error.line, error.column]; }
  return [data, data.at instanceof TomlDate, stringify({ a: { b: [1, 2] }, when: new TomlDate("2026-01-02") }), message];
};
