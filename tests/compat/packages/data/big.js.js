import Big from "big.js";

export default () => {
  Big.DP = 30;
  return [new Big(0.1).plus("0.2"), Big(2).sqrt(), Big(10).div(3), Big("123.456").round(1, Big.roundUp), Big("1e-7").toFixed(), Big(7).pow(-3), Big("12345.678").toPrecision(4), Big(1).cmp("1.0")].map(String);
};
