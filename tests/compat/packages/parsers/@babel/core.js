import { transformSync, types as t } from "@babel/core";

const doubleNumbers = () => ({ visitor: { NumericLiteral(path) { if (!path.node.seen) path.replaceWith(Object.assign(t.numericLiteral(path.node.value * 2), { seen: true })); } } });

export default () => transformSync("const area = (r) => 3 * r ** 2; // circle", { configFile: false, babelrc: false, plugins: [doubleNumbers], generatorOpts: { compact: true } }).code;
