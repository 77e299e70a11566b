import { DateTime, Duration, Interval } from "luxon";

export default () => {
  const at = DateTime.fromISO("2026-10-25T01:30:00", { zone: "Europe/Berlin" });
  const span = Interval.fromDateTimes(at, at.plus({ days: 40 }));
  return [at.plus({ hours: 1 }).toISO(), at.plus({ hours: 2 }).toISO(), at.setLocale("es").toLocaleString(DateTime.DATE_FULL), span.length("weeks"), Duration.fromObject({ hours: 25, minutes: 61 }).normalize().toISO(), DateTime.fromFormat("12 Mai 2026", "d MMMM yyyy", { locale: "de" }).toISODate(), at.weekNumber];
};
