import { SaxesParser } from 'saxes';

/** One resource of a 207 answer (RFC 4918, 14.16). */
export interface Resource {
  /** As sent: percent-encoded, a path or a whole URL. */
  readonly href: string;
  readonly isCollection: boolean;
  /** `getcontentlength`, where the server tells. */
  readonly size?: number;
}

const DAV = 'DAV:';

/** Reads a multi-status answer of any length. Prefixes mean nothing, the namespace does. Throws for what is no XML. */
export function multistatusReader(): { write(text: string): void; end(): readonly Resource[] } {
  const parser = new SaxesParser({ xmlns: true });
  const resources: Resource[] = [];
  let isMultistatus = false;
  let text = '';
  let href: string | undefined;
  let isCollection = false;
  let size: number | undefined;

  parser.on('opentag', ({ uri, local }) => {
    text = '';
    if (uri !== DAV) return;
    if (local === 'multistatus') isMultistatus = true;
    if (local === 'collection') isCollection = true;
    if (local === 'response') {
      href = undefined;
      isCollection = false;
      size = undefined;
    }
  });
  parser.on('text', (piece) => {
    text += piece;
  });
  parser.on('cdata', (piece) => {
    text += piece;
  });
  parser.on('closetag', ({ uri, local }) => {
    const content = text.trim();
    text = '';
    if (uri !== DAV) return;
    // The first one is the resource's own; others may stand in its properties.
    if (local === 'href') href ??= content;
    if (local === 'getcontentlength' && /^\d+$/.test(content)) size = Number(content);
    if (local !== 'response' || href === undefined) return;
    resources.push({ href, isCollection, ...(size !== undefined && { size }) });
  });
  parser.on('error', (error) => {
    throw error;
  });

  return {
    write(piece) {
      parser.write(piece);
    },
    end() {
      parser.close();
      if (!isMultistatus) throw new Error('it is no multistatus');
      return resources;
    },
  };
}

/** The last part of the path, decoded: the name of a file. */
export function nameOf(href: string): string {
  const path = href.split(/[?#]/, 1)[0] ?? '';
  const last = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
