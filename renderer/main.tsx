import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "@mantine/dates/styles.css";
import "./app/app.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { connect } from "./app/client.ts";
import { startI18n } from "./app/i18n/index.ts";
import { createQueryCache } from "./app/query-cache.ts";
import { openWire } from "./app/wire.ts";

startI18n();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App connection={connect(openWire)} cache={createQueryCache()} />);
