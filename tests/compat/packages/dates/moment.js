import moment from "moment";
import "moment/locale/fr.js";

export default () => {
  moment.locale("en");
  const at = moment.utc("2026-02-28T23:59:59Z");
  return [at.clone().add(1, "second").format("LLLL"), at.clone().locale("fr").format("dddd D MMMM"), moment.duration(100, "hours").humanize(), at.isoWeek(), moment("31/12/2026", "DD/MM/YYYY", true).isValid(), at.clone().startOf("quarter").toISOString(), at.from("2026-03-10T00:00:00Z")];
};
