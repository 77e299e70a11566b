import BigNumber from "bignumber.js";

export default () => {
  const Euro = BigNumber.clone({ FORMAT: { groupSize: 3, groupSeparator: ".", decimalSeparator: ",", suffix: " €" } });
  return [new Euro("1234567.891").toFormat(2), new BigNumber("ff.8", 16).toString(), new BigNumber(2).pow(200).toFixed(), new BigNumber(3).sqrt().dp(10).toString(), new BigNumber("0.3333").toFraction(100).map(String), BigNumber.max(1, "2.5").toString(), new BigNumber(5).mod(3).negated().toString()];
};
