// Node finds its CommonJS file, which has a default export, and bundlers its module, which has none.
const { default: whole, ...named } = await import("rrule");
const { RRule, RRuleSet, rrulestr } = whole ?? named;

export default () => {
  const rule = new RRule({ freq: RRule.WEEKLY, interval: 2, byweekday: [RRule.MO, RRule.FR], dtstart: new Date(Date.UTC(2026, 0, 1, 10)), count: 4 });
  const set = new RRuleSet();
  set.rrule(rule);
  set.exdate(rule.all()[1]);
  return [rule.toString(), rule.toText(), set.all(), rrulestr("FREQ=MONTHLY;BYDAY=-1SU;COUNT=2;DTSTART=20260101T000000Z").all()];
};
