/** Slow, salted hashes of passwords, computed off the event loop. */
export interface PasswordHasher {
  /** A PHC string that carries its algorithm, parameters and salt. */
  hash(password: string): Promise<string>;
  /** False as well, and after as long, when there is no hash to compare with. */
  verify(phc: string | undefined, password: string): Promise<boolean>;
}
