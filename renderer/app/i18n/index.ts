import i18next, { type i18n } from "i18next";
import { useCallback } from "react";
import { initReactI18next, useTranslation } from "react-i18next";
import { en, type MessageKey } from "./en.ts";
import { fr } from "./fr.ts";

export type { MessageKey };
export type Language = "en" | "fr";

/** A key without the ending that `count` chooses: "app.runningJobs" of "app.runningJobs_one". */
type Counted = MessageKey extends infer Key ? (Key extends `${infer Base}_one` ? Base : never) : never;
export type Facts = Readonly<Record<string, string | number | boolean | null>>;
/** Words for a key, with `facts` put in. */
export type Translate = (key: MessageKey | Counted, facts?: Facts) => string;

const REMEMBERED = "fleetwright.language";

/** The language for a setting; `system` asks the browser or the desktop. */
export function languageOf(setting: "system" | Language): Language {
  if (setting !== "system") return setting;
  return navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en";
}

/** Starts in the language of last time, so that the first screen needs no answer of the console. */
export function startI18n(language?: Language): i18n {
  const remembered = localStorage.getItem(REMEMBERED);
  const lng = language ?? (remembered === "en" || remembered === "fr" ? remembered : languageOf("system"));
  document.documentElement.lang = lng;
  void i18next.use(initReactI18next).init({
    lng,
    fallbackLng: "en",
    resources: { en: { translation: en }, fr: { translation: fr } },
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    interpolation: { escapeValue: false },
  });
  return i18next;
}

export function switchLanguage(language: Language): void {
  localStorage.setItem(REMEMBERED, language);
  document.documentElement.lang = language;
  if (i18next.language !== language) void i18next.changeLanguage(language);
}

/** `t` with checked keys, and the language for `Intl`. */
export function useWords(): { t: Translate; language: Language } {
  const { i18n: instance } = useTranslation();
  const language: Language = instance.language === "fr" ? "fr" : "en";
  const t = useCallback<Translate>((key, facts) => String(instance.t(key, { ...facts })), [instance, language]);
  return { t, language };
}

export function hasWords(key: string): key is MessageKey {
  return key in en;
}
