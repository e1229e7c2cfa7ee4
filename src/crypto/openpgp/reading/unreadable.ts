/**
 * What is inside a message is not what this reader knows. Before anything was released gpg is asked; later it is
 * damage. The message ends a sentence that begins with the file's name.
 */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
