import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./console.ts";
import { openScreen, SCREENS, screensOfTenant } from "./screens.ts";

/** Findings as lines that name the rule and the place, so that a failure reads by itself. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations.flatMap((found) =>
    found.nodes.map((node) => {
      const why = [...node.any, ...node.all, ...node.none][0]?.message ?? found.help;
      return `${found.id} ${node.target.join(" ")}: ${why} ${node.html}`;
    }),
  );
}

for (const theme of ["light", "dark"] as const) {
  test(`axe finds nothing on any screen, ${theme}`, async ({ page, host }) => {
    await host.client.settings.update({ theme });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", theme);
    const { rows } = await host.client.fleet.list();
    const found: Record<string, string[]> = {};
    for (const [address, heading] of [...SCREENS, ...screensOfTenant(rows[0]!.slug, rows[0]!.customer)]) {
      await openScreen(page, address, heading);
      await page.mouse.move(0, 0); // no tooltip of whatever is under the mouse
      const here = await findings(page);
      if (here.length > 0) found[address] = here;
    }
    expect(found).toEqual({});
  });
}

test("the first Tab reaches the link to the content, which moves the focus there", async ({ page }) => {
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});
