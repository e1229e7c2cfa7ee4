import { spawn } from 'node:child_process';

import { BackendError } from '../errors/errors.ts';

/** A helper program and the package it comes in, which has the same name on most systems. */
export interface Program {
  readonly command: string;
  readonly hint: string;
}

export interface ProgramRun {
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string;
}

export interface ProgramResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with no input. A program that is not there is BACKEND_COMMAND_ERROR, with its hint. */
export function runProgram(program: Program, args: readonly string[], run: ProgramRun): Promise<ProgramResult> {
  const { signal, env, cwd } = run;
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      // A session of its own: Ctrl-C and a terminal that hangs up reach us only, who may have to ignore them.
      detached: true,
      ...(env !== undefined && { env }),
      ...(cwd !== undefined && { cwd }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => stdout.push(part));
    child.stderr.on('data', (part: Buffer) => stderr.push(part));
    let failure: unknown;
    child.on('error', (error) => {
      failure = error;
      if (child.pid === undefined) reject(signal.aborted ? signal.reason : notRunning(program, error));
    });
    child.on('close', (status) => {
      // Not before the program has ended: it may still write.
      if (signal.aborted) reject(signal.reason);
      else if (failure !== undefined) reject(notRunning(program, failure));
      else resolve({ status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

export function notRunning({ command, hint }: Program, cause: unknown): BackendError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = isMissing ? `The program ${command} is not installed.` : `Cannot run ${command}: ${reason}`;
  return new BackendError('BACKEND_COMMAND_ERROR', message, { retryable: false, hint, cause });
}

/** The last line that says something, for a message. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
