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
  /** `more` is the rest of its configuration; `host` where it is: a namespace and an address there. */
  static async make(name, more = "", host = { address: ownAddress(), enter: [] }) {
    const agent = new Agent();
    agent.name = name;
    agent.address = host.address;
    agent.enter = host.enter;
    agent.entity = `sip:${name}@${agent.address}`;
    agent.listens = host.enter.length ? "127.0.0.1" : host.address;
    agent.door = `http://${agent.listens}:8060`;
    agent.dir = await mkdtemp(path.join(tmpdir(), "sottovoce-web-"));
    await agent.configure(more);
    return agent;
  }

  configure(more) {
    const text = `entity = "${this.entity}"\ndisplay-name = "${this.name}"\n[sip]\nlisten = ["udp:${this.address}:5060"]\nfollow = ${this.enter.length > 0}\n[control]\nlisten = "${this.listens}:8060"\n${more}`;
    return writeFile(path.join(this.dir, "sottovoce.toml"), text);
  }

  get places() {
    return ["--data-dir", path.join(this.dir, "data"), "--config", path.join(this.dir, "sottovoce.toml")];
  }

  /** The program with these arguments, in the agent's namespace. */
  line(...args) {
    const [program, ...rest] = [...this.enter, PROGRAM, ...this.places, "--json", ...args];
    return [program, rest];
  }

  /** `heard(text)` gets what it says on standard error, which else goes to ours. */
  async start(environment = {}, heard = null) {
    this.process = spawn(...this.line("run"), { stdio: ["ignore", "pipe", heard ? "pipe" : "inherit"], env: { ...process.env, ...environment } });
    this.process.stderr?.on("data", heard);
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

  /** Forgets who it is: its next start makes another key. */
  forget() {
    return rm(path.join(this.dir, "data"), { recursive: true });
  }

  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** What a command of it tells, as an object; its failure too. */
  run(...args) {
    return new Promise((resolve, reject) => {
      execFile(...this.line(...args), { timeout: 60_000 }, (error, stdout, stderr) => {
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
