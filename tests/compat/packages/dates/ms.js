import ms from "ms";

export default () => [ms("2.5 days"), ms("1y"), ms(60_000), ms(3 * 3_600_000, { long: true }), ms(-1500)];
