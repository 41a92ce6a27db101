import { expect, test } from "vitest";
import { commandOn, dangersIn, judgePaste, typedLine } from "../../../shared/terminal/danger.ts";

test.each([
  ["rm -rf /srv/data", "removesFiles"],
  ["sudo rm -r --one-file-system x", "removesFiles"],
  ["cd /tmp && rm -fr *", "removesFiles"],
  ["ls | xargs rm -f", "removesFiles"],
  ["/bin/rm --recursive x", "removesFiles"],
  ["rm \\\n  -rf x", "removesFiles"],
  ["find /srv -name '*.log' -delete", "removesFiles"],
  ["find . -exec rm {} +", "removesFiles"],
  ["rsync -a --delete a/ b/", "removesFiles"],
  ["DROP TABLE orders;", "dropsData"],
  ["psql -c 'drop database erp'", "dropsData"],
  ["TRUNCATE orders", "dropsData"],
  ["dropdb erp", "dropsData"],
  ["DELETE FROM orders;", "deletesRows"],
  ["update orders set total = 0;", "deletesRows"],
  ["shutdown -h now", "stopsHost"],
  ["sudo reboot", "stopsHost"],
  ["systemctl poweroff", "stopsHost"],
  ["init 0", "stopsHost"],
  ["sudo systemctl stop erp", "stopsService"],
  ["mkfs.ext4 /dev/xvdf", "formats"],
  ["dd if=/dev/zero of=/dev/nvme0n1 bs=1M", "overwritesDevice"],
  ["echo x > /dev/sda", "overwritesDevice"],
  ["sudo chown -R erp /", "changesOwners"],
  ["chmod -R 777 .", "changesOwners"],
  ["killall postgres", "endsProcesses"],
  ["kill -9 -1", "endsProcesses"],
  ["iptables -F", "rewritesFirewall"],
  [":(){ :|:& };:", "forkBomb"],
  ["if true; then rm -rf x; fi", "removesFiles"],
  ["$(rm -rf x)", "removesFiles"],
])("%j is dangerous", (text, danger) => {
  expect(dangersIn(text)).toContain(danger);
});

test.each([
  "ls -la",
  "rm one-file",
  "cat /var/log/rm.log",
  "git log --format=%s",
  "grep -rf patterns.txt .",
  "dd if=/dev/xvdf of=/dev/null",
  "echo done > /dev/null",
  "DELETE FROM orders WHERE id = 4;",
  "update orders set total = 0 where id = 4;",
  "select 'it was truncated'",
  "systemctl status erp",
  "man shutdown",
  "vim mkfs-notes.txt",
  "kill 4711",
  "tail -f /var/log/syslog",
  "chmod 640 file",
])("%j is not", (text) => {
  expect(dangersIn(text)).toEqual([]);
});

test.each([
  ["ubuntu@acme-production:~$ rm -rf x", "rm -rf x"],
  ["root@db:/srv# systemctl stop erp", "systemctl stop erp"],
  ["erp=# DROP TABLE x", "DROP TABLE x"],
  ["erp=> select 1", "select 1"],
  ["100% sure", "sure"],
  ["no prompt here", "no prompt here"],
])("the command on the line %j is %j", (line, command) => {
  expect(commandOn(line)).toBe(command);
});

test.each([
  ["letters", "", "rm -rf x", "rm -rf x"],
  ["a correction", "rm -rg", "\u007ff x", "rm -rf x"],
  ["Enter", "rm -rf x", "\r", ""],
  ["Ctrl-C and Ctrl-U", "rm -rf x", "\u0003ls\u0015pwd", "pwd"],
  ["arrows", "rm ", "\u001b[D\u001bOC-rf x", "rm -rf x"],
])("the typed line after %s", (_, before, sent, line) => {
  expect(typedLine(before, sent)).toBe(line);
});

test.each([
  ["one line", "ls -la", true, false],
  ["one line with its break", "ls -la\n", true, true],
  ["two lines", "ls\npwd", true, true],
  ["two lines elsewhere", "ls\npwd", false, false],
  ["a danger without a break", "rm -rf x", true, true],
  ["a danger elsewhere", "rm -rf x\n", false, false],
  ["hidden characters anywhere", "ls\u001b[201~\u0003rm", false, true],
  ["direction marks anywhere", "echo \u202eabc", false, true],
  ["tabs are seen", "a\tb", false, false],
])("a paste of %s on production=%s", (_, text, production, ask) => {
  expect(judgePaste(text, production).ask).toBe(ask);
});

test("a long text is judged in a moment, whatever it is made of", () => {
  for (const part of [
    "rm ",
    "sudo ",
    "update t set a=b ",
    "a() { ",
    "find x ",
    "kill ",
    "chmod a ",
    "x/",
    "dd of ",
    "rm -x ",
  ]) {
    expect(judgePaste(part.repeat(20_000), true)).toBeDefined();
  }
});
