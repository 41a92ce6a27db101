import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test("an archive is prepared, fetched with a reason, brought back in and deleted, from the tenant's own page", async ({
  page,
  host,
}) => {
  test.setTimeout(600_000);
  const folder = await mkdtemp(path.join(tmpdir(), "fleetwright-archives-"));
  const { rows } = await host.client.fleet.list();
  const row = rows.find(({ kind, state, hostKey }) => kind === "production" && state === "running" && hostKey)!;
  await openScreen(page, `#/tenants/${row.slug}/snapshots`, `${row.customer}: Snapshots`);
  const main = page.getByRole("main");
  const line = (label: string) => page.getByRole("grid", { name: "Snapshots" }).getByRole("row", { name: label });
  const act = async (label: string, item: string) => {
    await page.getByRole("button", { name: `Actions for ${label}` }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };

  await main.getByRole("button", { name: "Prepare export" }).click();
  const prepare = page.getByRole("dialog", { name: "Prepare export" });
  await prepare.getByRole("textbox", { name: "Label" }).fill("hand-over");
  await prepare.getByRole("button", { name: "Prepare export" }).click();
  await expect(line("hand-over")).toContainText("complete", { timeout: 180_000 });
  await expect(line("hand-over")).toContainText(/ends in [67] days/);

  await act("hand-over", "Fetch to this machine");
  const fetching = page.getByRole("dialog", { name: "Fetch to this machine" });
  await fetching.getByRole("textbox", { name: /^Folder or new file/ }).fill(folder);
  await expect(fetching.getByRole("button", { name: "Fetch" })).toBeDisabled();
  await fetching.getByRole("textbox", { name: "Reason" }).fill("ticket 4711");
  await fetching.getByRole("button", { name: "Fetch" }).click();
  await expect(fetching).toBeHidden();
  const fetch = (await host.client.jobs.list({})).find((job) => job.kind === "snapshot.download")!;
  await expect
    .poll(async () => (await host.client.jobs.get({ jobId: fetch.id })).job, { timeout: 120_000 })
    .toMatchObject({ state: "done", error: null });
  await expect.poll(() => readdir(folder), { timeout: 120_000 }).toEqual([`${row.slug}-production.tar.gz`]);

  await main.getByRole("button", { name: "Import archive" }).click();
  const bringing = page.getByRole("dialog", { name: "Import archive" });
  await bringing.getByRole("textbox", { name: /^Archive on/ }).fill(path.join(folder, `${row.slug}-production.tar.gz`));
  await bringing.getByRole("textbox", { name: "Label" }).fill("back in");
  await bringing.getByRole("button", { name: "Import" }).click();
  await expect(line("back in")).toContainText("complete", { timeout: 180_000 });

  await act("back in", "Delete for good");
  const deleting = page.getByRole("dialog", { name: "Delete back in" });
  await expect(deleting.getByRole("button", { name: "Delete for good" })).toBeDisabled();
  await deleting.getByRole("textbox").fill("back in");
  await deleting.getByRole("button", { name: "Delete for good" }).click();
  await expect(line("back in")).toHaveCount(0, { timeout: 120_000 });
});
