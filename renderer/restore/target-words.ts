import type { RestoreCase } from "../../shared/restore/model.ts";
import type { Translate } from "../app/i18n/index.ts";

/** What a restore is to replace, or where its copy stands, in the operator's language. */
export const targetWords = (t: Translate, one: Pick<RestoreCase, "slug" | "target">): string =>
  one.target === "beside" ? t("restore.besideOf", { tenant: one.slug }) : `${one.slug} ${t(`kind.${one.target}`)}`;
