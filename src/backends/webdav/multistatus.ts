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
  let isAbsent = false;
  let isInProperties = false;

  parser.on('opentag', ({ uri, local }) => {
    text = '';
    if (uri !== DAV) return;
    if (local === 'multistatus') isMultistatus = true;
    if (local === 'collection') isCollection = true;
    if (local === 'response') {
      href = undefined;
      isCollection = false;
      size = undefined;
      isAbsent = false;
    }
    if (local === 'propstat') isInProperties = true;
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
    if (local === 'propstat') isInProperties = false;
    // Of the resource; those of its properties say only which of them it has.
    if (local === 'status' && !isInProperties) isAbsent = !/^HTTP\/\S+ 2/.test(content);
    if (local !== 'response' || href === undefined || isAbsent) return;
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

/**
 * What lies in the collection itself, whatever else a server tells of that takes every depth for "infinity". Behind a
 * proxy the paths may be others than those that were asked for: then the collection is what all others lie below.
 */
export function membersOf(resources: readonly Resource[], collection: string): readonly Resource[] {
  const depths = resources.map(({ href }) => partsOf(href).length);
  const own = partsOf(collection).join('/');
  const least = depths.reduce((a, b) => Math.min(a, b), Infinity);
  const nearest = resources.filter((_, i) => depths[i] === least);
  const isNamed = resources.some(({ href }, i) => depths[i] === least && partsOf(href).join('/') === own);
  const isAbove = isNamed || (nearest.length === 1 && nearest[0]?.isCollection === true);
  return resources.filter((_, i) => depths[i] === (isAbove ? least + 1 : least));
}

/** Of the path, decoded. */
function partsOf(href: string): readonly string[] {
  const path = href.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').split(/[?#]/, 1)[0] ?? '';
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
}

/** The last part of the path, decoded: the name of a file. */
export function nameOf(href: string): string {
  const path = href.split(/[?#]/, 1)[0] ?? '';
  return decoded(path.slice(path.lastIndexOf('/') + 1));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
