import { CstParser, Lexer, createToken } from "chevrotain";

const Num = createToken({ name: "Num", pattern: /\d+/ });
const Plus = createToken({ name: "Plus", pattern: /\+/ });
const Space = createToken({ name: "Space", pattern: /\s+/, group: Lexer.SKIPPED });
class Sums extends CstParser {
  sum = this.RULE("sum", () => this.AT_LEAST_ONE_SEP({ SEP: Plus, DEF: () => this.CONSUME(Num) }));
  constructor() {
    super([Num, Plus, Space]);
    this.performSelfAnalysis();
  }
}

export default () => {
  const [lexer, parser] = [new Lexer([Space, Num, Plus]), new Sums()];
  return ["1 + 20 + 3", "1 + +"].map((text) => {
    parser.input = lexer.tokenize(text).tokens;
    const { children } = parser.sum() ?? {};
    return [children?.Num?.map(({ image, startColumn }) => [image, startColumn]), parser.errors.map(({ name }) => name)];
  });
};
