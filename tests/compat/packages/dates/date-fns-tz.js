import { format, formatInTimeZone, fromZonedTime, getTimezoneOffset, toZonedTime } from "date-fns-tz";

export default () => {
  const at = new Date("2026-07-01T12:00:00Z");
  return [formatInTimeZone(at, "America/New_York", "yyyy-MM-dd HH:mm:ss zzz"), fromZonedTime("2026-01-01 09:00", "Asia/Kolkata"), getTimezoneOffset("Europe/Paris", at), format(toZonedTime(at, "Asia/Tokyo"), "HH:mm XXX", { timeZone: "Asia/Tokyo" })];
};
