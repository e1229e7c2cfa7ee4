import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { conformance } from './conformance.ts';

conformance('memory', async () => memoryBackend());
