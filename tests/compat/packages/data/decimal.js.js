import { Decimal } from "decimal.js";

export default () => {
  const D = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_EVEN });
  return [new D(2).sqrt(), D.exp(1), new D("0.5").sin(), D.ln(10), new D("123.45").toHexadecimal(), new D(1).div(7), D.hypot(3, 4), new D("1e1000").log(10), D.acos(-1)].map(String);
};
