/** What the compiled module exports; its memory is the host's, as `env.memory`. */
export {
  convolve,
  convolveInputGradient,
  convolveWeightGradient,
  shapeConvolution,
} from './convolution';
export { biasActivation, columnSums, combine, maskPositive } from './elementwise';
export { gemm, scratchBytes } from './gemm';
