import { addBusinessDays, differenceInCalendarDays, eachWeekendOfMonth, format, formatDistance, intervalToDuration, parse } from "date-fns";
import { de, fr } from "date-fns/locale";

export default () => {
  const at = new Date(Date.UTC(2026, 1, 27, 12));
  return [format(at, "EEEE, do MMMM yyyy", { locale: de }), formatDistance(at, new Date(0), { locale: fr }), addBusinessDays(at, 3), differenceInCalendarDays(at, new Date(0)), eachWeekendOfMonth(at).length, intervalToDuration({ start: 0, end: at }), parse("03.02.2026", "dd.MM.yyyy", at)];
};
