import { applyEdits, format, getLocation, modify, parse, parseTree, printParseErrorCode } from "jsonc-parser";

export default () => {
  const text = '{ /* c */ "a": [1, 2,], "b": { "c": true } }';
  const errors = [];
  parse('{ "x": }', errors);
  return [parse(text, [], { allowTrailingComma: true }), applyEdits(text, modify(text, ["b", "d"], 5, {})), applyEdits(text, format(text, undefined, { tabSize: 1, insertSpaces: true })), getLocation(text, 36).path, parseTree(text).children.length, errors.map(({ error }) => printParseErrorCode(error))];
};
