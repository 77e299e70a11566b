import { Intl as TemporalIntl, Temporal } from "temporal-polyfill";

export default () => {
  const flight = Temporal.ZonedDateTime.from("2026-03-28T22:00[Europe/Berlin]");
  const age = Temporal.PlainDate.from("1815-12-10").until("1852-11-27", { largestUnit: "year" });
  return [flight.add({ hours: 8 }).toString(), age.toString(), Temporal.PlainYearMonth.from("2024-02").daysInMonth, Temporal.Duration.from({ minutes: 200 }).round({ largestUnit: "hour" }).toString(), new TemporalIntl.DateTimeFormat("en", { dateStyle: "long" }).format(Temporal.PlainDate.from("2026-01-02"))];
};
