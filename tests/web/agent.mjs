// Agents as users have them: a process each, with an address of its own on loopback.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = process.env.SOTTOVOCE ?? path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../target/debug/sottovoce");

let last = 0;

/** 127.x.y.z that no other test of this process, and hardly one of another, has. */
function ownAddress() {
  last += 1;
  return `127.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}.${last}`;
}

export class Agent {
  /** `more` is the rest of its configuration. */
  static async make(name, more = "") {
    const agent = new Agent();
    agent.name = name;
    agent.address = ownAddress();
    agent.entity = `sip:${name}@${agent.address}`;
    agent.door = `http://${agent.address}:8060`;
    agent.dir = await mkdtemp(path.join(tmpdir(), "sottovoce-web-"));
    await agent.configure(more);
    return agent;
  }

  configure(more) {
    const text = `entity = "${this.entity}"\ndisplay-name = "${this.name}"\n[sip]\nlisten = ["udp:${this.address}:5060"]\n[control]\nlisten = "${this.address}:8060"\n${more}`;
    return writeFile(path.join(this.dir, "sottovoce.toml"), text);
  }

  get places() {
    return ["--data-dir", path.join(this.dir, "data"), "--config", path.join(this.dir, "sottovoce.toml")];
  }

  async start() {
    this.process = spawn(PROGRAM, [...this.places, "--json", "run"], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((_, reject) => this.process.once("exit", (code) => reject(new Error(`${this.name} ended with ${code}`))));
    ended.catch(() => {});
    const lines = createInterface({ input: this.process.stdout });
    await Promise.race([new Promise((resolve) => lines.once("line", resolve)), ended]);
    return this;
  }

  /** Ends at once, without a goodbye. */
  async kill() {
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await gone;
  }

  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** What a command of it tells, as an object; its failure too. */
  run(...args) {
    return new Promise((resolve, reject) => {
      execFile(PROGRAM, [...this.places, "--json", ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout));
        } catch {
          reject(new Error(`${args.join(" ")}: ${error} ${stdout} ${stderr}`));
        }
      });
    });
  }

  /** The address of a page that is good once. */
  async invitation() {
    return (await this.run("page", "--print")).url;
  }
}
