// SPDX-License-Identifier: Apache-2.0
// Six short chapters: each a preset, a question, the one control to touch, three sentences, and the experiments behind it.
import { kDefault, type Setting } from "./engine/setting";

export interface Chapter {
  short: string;
  question: string;
  control: "gain" | "activation" | "map" | "depth" | "residual" | "train";
  experiments: readonly string[]; // of `plumb lab`, that put it to the test
  sentences: [string, string, string];
  preset: Setting;
}

const chapter = (
  short: string,
  question: string,
  control: Chapter["control"],
  experiments: readonly string[],
  preset: Partial<Setting>,
  ...sentences: [string, string, string]
): Chapter => ({ short, question, control, experiments, sentences, preset: { ...kDefault, ...preset } });

export const kChapters: readonly Chapter[] = [
  chapter(
    "A product",
    "Why does the gradient change from layer to layer at all?",
    "gain",
    ["identity", "same-weight", "chain-numbers"],
    { activation: "identity", init: "lecun_normal", gain: 0.7, depth: 30 },
    "On its way back from the loss the gradient is multiplied once by every layer, and here, without an activation, each factor is just the gain: 0.7.",
    "Thirty times 0.7 is a product, 0.7³⁰, about 2 in 100 000: a straight line on the logarithmic axis.",
    "Move the gain to 1 and the line lies flat; above 1 it rises towards the input, and the gradient explodes.",
  ),
  chapter(
    "A quarter",
    "What does sigmoid do to that product?",
    "activation",
    ["sigmoid-tanh", "sigmoid-formulas", "victims"],
    { activation: "sigmoid", init: "lecun_normal", depth: 30 },
    "An activation multiplies by its slope, and the slope of sigmoid is a quarter at the very most: look at the histogram, where each bar of units stands on the curve.",
    "So each layer keeps less than a quarter, and thirty of them leave almost nothing: the first layer cannot hear the loss.",
    "Choose tanh, whose slope is 1 in the middle, and see how much more comes through.",
  ),
  chapter(
    "The gain",
    "Is there a right size for the weights?",
    "map",
    ["initialisation", "dying-relu"],
    { activation: "tanh", init: "lecun_normal", gain: 0.6, biasStd: 0.05, depth: 60 },
    "The map is mean-field theory's answer for every gain and depth: blue where the gradient vanishes, red where it explodes, and a pale edge between them.",
    "Drag the dot to the pale edge: a real network is built and measured at every move, and its line lies flat there.",
    "That edge is what initialisers aim at: for relu it is he_normal with gain 1, for tanh about lecun_normal with gain 1.",
  ),
  chapter(
    "Depth",
    "How deep may a network be?",
    "depth",
    ["depth", "figure-1"],
    { activation: "tanh", init: "pytorch", depth: 10 },
    "Away from the edge each layer takes the same share, so twice as many layers take the square of it.",
    "Ten layers with PyTorch's default start lose a factor that training can live with; drag the depth to 60 and nothing arrives.",
    "The share for each layer is fixed by the start, so depth can only be bought by starting nearer the edge.",
  ),
  chapter(
    "A shortcut",
    "Can the gradient go round the layers?",
    "residual",
    ["residual", "gates"],
    { activation: "sigmoid", init: "pytorch", depth: 60 },
    "With a shortcut a block gives x + f(x), so on the way back the gradient comes through once untouched, plus what the layer adds.",
    "Tick the shortcut: the same sixty sigmoid layers, the same weights, and the first layer hears the loss.",
    "The product is still there, but its factors are now 1 and a little more, no longer a small fraction.",
  ),
  chapter(
    "Time",
    "Does it heal if we train for longer?",
    "train",
    ["remedies", "figure-1"],
    { activation: "sigmoid", init: "pytorch", depth: 20, rate: 0.1 },
    "Press train: a layer moves at the speed of its gradient, so the first ones stand still and pass on noise, and the loss stays at that of a guess.",
    "Then choose tanh with glorot_normal and train again: every layer moves, and the loss falls.",
    "Time does not help a layer that gets no gradient; an open way from the loss to it does.",
  ),
];
