import { Anchor } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { type MessageKey, useWords } from "./i18n/index.ts";
import { paths } from "./paths.ts";
import classes from "./TenantNav.module.css";

/** The pages that one tenant has, in the order of use. An area adds its page here. */
const PAGES: readonly { readonly label: MessageKey; readonly path: (slug: string) => string }[] = [
  { label: "tenant.overview", path: paths.tenant },
  { label: "screen.contract", path: paths.contract },
  { label: "screen.restore", path: paths.restore },
  { label: "screen.snapshots", path: paths.snapshots },
  { label: "screen.access", path: paths.tenantAccess },
  { label: "screen.metrics", path: paths.metrics },
  { label: "screen.sla", path: (slug) => paths.tenantSla(slug) },
];

/** From one page of a tenant to its others; stands under the title of each. */
export function TenantNav({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const [location] = useLocation();
  // The tenant's own address begins all the others, so the last that fits is meant.
  const here = PAGES.findLast(({ path }) => `${location}/`.startsWith(`${path(slug)}/`));
  return (
    <nav className={classes.nav} aria-label={t("tenant.pages")}>
      {PAGES.map(({ label, path }) => {
        const isHere = label === here?.label;
        return (
          <Anchor
            key={label}
            component={Link}
            href={path(slug)}
            className={classes.link ?? ""}
            underline="never"
            {...(isHere ? { "aria-current": "page" } : {})}
          >
            {t(label)}
          </Anchor>
        );
      })}
    </nav>
  );
}
