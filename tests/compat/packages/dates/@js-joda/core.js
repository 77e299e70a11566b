import { ChronoUnit, DateTimeFormatter, DayOfWeek, Duration, LocalDate, LocalDateTime, Period, TemporalAdjusters, ZoneOffset } from "@js-joda/core";

export default () => {
  const day = LocalDate.of(2024, 2, 29);
  return [day.plusYears(1), day.with(TemporalAdjusters.next(DayOfWeek.MONDAY)), Period.between(day, LocalDate.of(2026, 4, 1)), ChronoUnit.DAYS.between(day, LocalDate.parse("2026-01-01")), LocalDateTime.parse("2026-05-06T07:08:09").format(DateTimeFormatter.ofPattern("d/M/yyyy HH:mm")), Duration.ofMinutes(135), LocalDateTime.of(2026, 1, 1, 0, 0).atOffset(ZoneOffset.ofHours(5))].map(String);
};
