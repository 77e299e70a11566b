import i18next from "i18next";

export default async () => {
  const i18n = i18next.createInstance();
  await i18n.init({ lng: "de", fallbackLng: "en", resources: { en: { translation: { only: "only english", item_one: "{{count}} item", item_other: "{{count}} items" } }, de: { translation: { hi: "Hallo {{name}}", item_one: "{{count}} Ding", item_other: "{{count}} Dinge", nest: "$t(hi, {\"name\": \"du\"})", date: "{{when, number}}" } } } });
  const before = [i18n.t("hi", { name: "<Ada>" }), i18n.t("item", { count: 1 }), i18n.t("item", { count: 5 }), i18n.t("only"), i18n.t("nest"), i18n.t("date", { when: 1234.5 }), i18n.t("missing.key")];
  await i18n.changeLanguage("en");
  return [before, i18n.t("item", { count: 2 }), i18n.exists("hi")];
};
