import { Tabs } from "@mantine/core";
import { useLocation } from "wouter";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths, SETTINGS_SECTIONS } from "../app/paths.ts";
import { About } from "./About.tsx";
import { Accounts } from "./Accounts.tsx";
import { General } from "./General.tsx";
import { Mail } from "./Mail.tsx";
import { Vault } from "./Vault.tsx";

export function SettingsPage({ section }: { readonly section?: string | undefined }) {
  const { t } = useWords();
  const [, navigate] = useLocation();
  const active = SETTINGS_SECTIONS.find((one) => one === section) ?? "general";
  return (
    <Page title={t("screen.settings")}>
      <Tabs
        value={active}
        onChange={(value) => navigate(paths.settings(SETTINGS_SECTIONS.find((one) => one === value)))}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {SETTINGS_SECTIONS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`settings.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="general">
          <General />
        </Tabs.Panel>
        <Tabs.Panel value="accounts">
          <Accounts />
        </Tabs.Panel>
        <Tabs.Panel value="mail">
          <Mail />
        </Tabs.Panel>
        <Tabs.Panel value="vault">
          <Vault />
        </Tabs.Panel>
        <Tabs.Panel value="about">
          <About />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
