import moment from "moment-timezone";

export default () => {
  const at = moment.tz("2026-03-08 01:30", "America/Los_Angeles");
  return [at.format(), at.clone().add(1, "hour").format("YYYY-MM-DD HH:mm z"), at.clone().tz("Asia/Kathmandu").format(), moment.tz.zone("Europe/London").utcOffset(Date.UTC(2026, 6, 1)), moment.tz.names().includes("Pacific/Apia")];
};
