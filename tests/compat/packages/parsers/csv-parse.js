import { parse as parseStream } from "csv-parse";
import { parse } from "csv-parse/sync";

export default async () => {
  const text = 'id;name\n1;"a ""quoted"" ; name"\n2;ü\n';
  const streamed = [];
  const parser = parseStream({ delimiter: ";", from_line: 2 });
  parser.end(text);
  for await (const record of parser) streamed.push(record);
  return [parse(text, { columns: true, delimiter: ";", cast: (value, { column }) => (column === "id" ? Number(value) : value) }), streamed];
};
