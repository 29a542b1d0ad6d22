/**
 * Getting a WebGPU device, in a page or a dedicated worker, within the default limits and without
 * optional features. Nothing is computed here.
 */

/** There is no WebGPU to be had here; the message says why and what a person can do. */
export class WebGpuUnavailableError extends Error {
  override readonly name = 'WebGpuUnavailableError';
}

/** The device refused an operation, or ran out of memory: a fault of the program or of its sizes. */
export class WebGpuError extends Error {
  override readonly name = 'WebGpuError';
}

/** This thread's `navigator.gpu`, if it has one. */
export function ownGpu(): GPU | undefined {
  return typeof navigator === 'undefined' ? undefined : navigator.gpu;
}

export interface OpenDevice {
  readonly device: GPUDevice;
  /** Vendor and architecture, as far as the browser tells. */
  readonly adapter: string;
}

/** @throws {WebGpuUnavailableError} */
export async function openDevice(gpu: GPU | undefined): Promise<OpenDevice> {
  if (gpu === undefined) {
    throw new WebGpuUnavailableError(
      'WebGPU is not available here: the browser has none, or the page is neither https nor localhost.',
    );
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) {
    throw new WebGpuUnavailableError(
      'The browser has WebGPU but offers no graphics adapter; hardware acceleration may be switched off.',
    );
  }
  try {
    return { device: await adapter.requestDevice({ label: 'compute' }), adapter: describe(adapter.info) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WebGpuUnavailableError(`The graphics adapter gave no WebGPU device: ${why}`);
  }
}

function describe(info: GPUAdapterInfo): string {
  const words = [info.vendor, info.architecture].filter((word) => word !== '');
  const name = words.length > 0 ? words.join(' ') : info.description || 'unnamed adapter';
  return info.isFallbackAdapter ? `${name} (software)` : name;
}
