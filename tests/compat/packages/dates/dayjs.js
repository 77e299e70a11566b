import dayjs from "dayjs";
import "dayjs/locale/de.js";
import duration from "dayjs/plugin/duration.js";
import relativeTime from "dayjs/plugin/relativeTime.js";
import timezone from "dayjs/plugin/timezone.js";
import utc from "dayjs/plugin/utc.js";

for (const plugin of [duration, relativeTime, timezone, utc]) dayjs.extend(plugin);

export default () => {
  const at = dayjs.utc("2026-03-29T00:30:00Z");
  return [at.tz("Europe/Berlin").add(1, "hour").format(), at.locale("de").format("dddd, D. MMMM YYYY"), at.from(at.add(3, "day")), dayjs.duration(93, "minutes").format("H:mm"), at.endOf("month").toISOString(), at.diff("2025-03-29", "week", true)];
};
