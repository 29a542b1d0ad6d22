/**
 * DCD-PSGD: difference compression. Neighbours hold exact replicas of each other's models, and every
 * worker sends the compressed change of its own.
 *
 *   z_i = Σ_j W_ij x̂_j − γ g_i(x_i) − x_i,   x_i ← x_i + C(z_i),   and at every neighbour x̂_i ← x̂_i + C(z_i)
 *
 * Tang, Gan, Zhang, Zhang, Liu: Communication Compression for Decentralized Training, NeurIPS 2018, arXiv
 * 1803.06443. The replicas are kept as their sum s_i = Σ_j W_ij x̂_j (`public-copies.ts`); x̂_i = x_i. The
 * mean is not preserved: it moves by −γ ḡ + mean(C(z) − z). The theory asks for an unbiased compressor of
 * little noise. BAGUA's low-precision decentralised SGD (Gan et al., 2021, arXiv 2107.01499) is the same
 * algebra, written on a ring with min-max-8.
 *
 * The paper has no momentum; with another optimizer than SGD its step takes the place of −γ g_i, and what it
 * remembers stays with the worker, as Koloskova, Lin, Stich, Jaggi ran DCD-PSGD beside CHOCO-SGD (Decentralized
 * Deep Learning with Arbitrary Communication Compression, ICLR 2020, arXiv 1907.09356), and BAGUA runs its own.
 */
import { type AlgorithmEntry, held, type Node, type State } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginOptimizer, MOMENTUM_OPTIMIZERS, stepTerms } from './local-optimizer.ts';
import { needsFixedSymmetric } from './needs.ts';
import { beginCopies } from './public-copies.ts';

const CHANGE = 1;

const common = {
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  options: {},
  cost: shareCost,
  enter: async (node, start) => {
    const { s } = await beginCopies(node, start);
    return { x: start.x, s, ...beginOptimizer(node, start.previous) };
  },
  round,
} as const satisfies Partial<AlgorithmEntry>;

export const dcdPsgd: AlgorithmEntry = {
  ...common,
  id: 'dcd-psgd',
  label: 'DCD-PSGD',
  description: 'Neighbours hold replicas of each other, moved by compressed differences.',
  paper: 'Tang et al., NeurIPS 2018, arXiv 1803.06443, algorithm 1',
  needs: 'an undirected graph that stays the same; an unbiased compressor of little noise',
  optimizers: MOMENTUM_OPTIMIZERS,
  prefers: { compressor: { id: 'uniform' } },
  refuses: (given) => needsFixedSymmetric('DCD-PSGD', given),
  caution: ({ compressor, compressorClass }) =>
    compressorClass === 'lossless' || compressorClass === 'unbiased'
      ? null
      : `The theory of DCD-PSGD is for unbiased compressors, which ${compressor} is not.`,
};

export const lowPrecisionDPsgd: AlgorithmEntry = {
  ...common,
  id: 'low-precision-d-psgd',
  label: 'low-precision D-PSGD',
  description: 'BAGUA’s gossip in 8 bits: replicas moved by coarsely rounded differences.',
  paper: 'Gan et al., 2021, arXiv 2107.01499 (BAGUA)',
  needs: 'an undirected graph that stays the same',
  optimizers: 'local',
  prefers: { compressor: { id: 'min-max-8' } },
  refuses: (given) => needsFixedSymmetric('Low-precision D-PSGD', given),
};

async function round(node: Node, state: State): Promise<State> {
  const { compute } = node;
  const s = node.next('s');
  const x = node.next('x');
  const z = node.scratch('z');
  const { terms, remembered } = await stepTerms(node, state);
  compute.linear(z, [[1, held(state, 's')], ...terms, [-1, state.x]]);
  const own = await node.share(CHANGE, z);
  compute.linear(x, [[1, state.x]]);
  node.decode(own, x, 1, 'add');
  compute.linear(s, [[1, held(state, 's')]]);
  node.decode(own, s, node.selfWeight, 'add');
  for (const message of await node.gather(CHANGE)) node.decode(message, s, message.weight, 'add');
  return { x, s, ...remembered };
}
