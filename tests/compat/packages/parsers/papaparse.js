import Papa from "papaparse";

export default () => {
  const rows = [];
  Papa.parse("a,b\n1,2\n3,4", { header: true, dynamicTyping: true, step: ({ data }) => rows.push(data) });
  const bad = Papa.parse('x\ty\n"1\t2', { delimiter: "" });
  return [rows, Papa.unparse([{ id: 1, text: 'say "hi", you' }, { id: 2, text: null }], { quotes: [false, true] }), bad.meta.delimiter, bad.errors.map(({ code }) => code)];
};
