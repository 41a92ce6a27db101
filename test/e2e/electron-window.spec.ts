import { expect, test } from "./console.ts";

test("new windows and foreign addresses are refused by the desktop's window", async ({ page, host, problems }) => {
  const before = page.url();
  expect(await page.evaluate(() => window.open("https://example.com/") === null)).toBe(true);
  await page.evaluate(() => {
    location.href = "https://example.com/";
  });
  await page.evaluate(() => {
    const link = document.createElement("a");
    link.href = "file:///etc/passwd";
    document.body.append(link);
    link.click();
    link.remove();
  });
  await page.waitForTimeout(500);
  expect(page.url()).toBe(before);
  expect(host.app?.windows()).toHaveLength(1);
  problems.length = 0; // the window says that a local file is not allowed
});

test("the desktop's window is sandboxed and isolated, and grants no permission", async ({ page, host }) => {
  const preferences = await host.app!.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>;
    };
    const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
    return { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag: webviewTag ?? false };
  });
  expect(preferences).toEqual({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webSecurity: true,
    webviewTag: false,
  });
  const permission = await page.evaluate(() =>
    Notification.requestPermission().then(
      (answer) => answer,
      () => "denied",
    ),
  );
  expect(permission).toBe("denied");
});
