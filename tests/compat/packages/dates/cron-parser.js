import { CronExpressionParser } from "cron-parser";

export default () => {
  const cron = CronExpressionParser.parse("*/20 8-9 * * 1-5", { currentDate: "2026-01-02T08:50:00Z", tz: "Europe/Berlin" });
  return [cron.take(4).map((date) => date.toISOString()), cron.fields.hour.values, cron.stringify(), CronExpressionParser.parse("0 0 L * *", { currentDate: "2026-02-01T00:00:00Z", tz: "UTC" }).next().toISOString()];
};
