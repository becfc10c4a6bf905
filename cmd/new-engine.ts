import type { Engine, EngineSettings } from './collect-engine.ts'
import { FlowEngine } from './collect-flow-engine.ts'
import { StrictEngine } from './collect-strict-engine.ts'

/** The engine that the options ask for; throws where a file cannot be opened or the mapping is bad. */
export function newEngine(settings: EngineSettings): Engine {
  const { compat, produce } = settings.options
  return compat === 'strict' || produce === 'raw' ? new StrictEngine(settings) : new FlowEngine(settings)
}

/** What a worker can be asked by name. */
export type Question = EngineQuestion | 'metrics' | 'metrics-text' | 'save'
type EngineQuestion = 'templates' | 'state' | 'remap'

/** The engine's answer. */
export function answer(engine: Engine, question: EngineQuestion, argument: unknown): unknown {
  switch (question) {
    case 'templates':
      return engine.templates()
    case 'state':
      return engine.saveState()
    case 'remap':
      return engine.remap(argument as string)
  }
}
