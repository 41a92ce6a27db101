import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "@mantine/dates/styles.css";
import "../../../renderer/app/app.css";
import { createRoot } from "react-dom/client";
import { App } from "../../../renderer/app/App.tsx";
import { startI18n } from "../../../renderer/app/i18n/index.ts";
import { createQueryCache } from "../../../renderer/app/query-cache.ts";
import { createFakeConsole, type FakeOptions, fakeConnection } from "../fake-client.ts";

/** The window on a console in memory: `?options={"tenants":5000,"settings":{"theme":"dark"}}` chooses what it plays. */
const options = JSON.parse(new URLSearchParams(location.search).get("options") ?? "{}") as FakeOptions;
const fake = createFakeConsole({ stepMs: 150, ...options });
const connection = fakeConnection(fake.client);
Object.assign(window, { fake, connection });
startI18n();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App connection={connection} cache={createQueryCache()} />);
