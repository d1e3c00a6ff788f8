//! Sweeps of other tools, imported and run to the end with scripts that accept exactly the arguments of those sweeps.

use hypertune_test_support::Lab;

/// The start of a script with its options; each is required and unknown ones are refused.
const PARSER: &str = "\
import argparse
def boolean(text):
    if text not in ('True', 'False'):
        raise argparse.ArgumentTypeError(text)
    return text == 'True'
parser = argparse.ArgumentParser(allow_abbrev=False)
def option(name, **how):
    parser.add_argument(name, required=True, **how)
";

const SWEEP: &str = "\
program: train.py
name: digits
project: demo
method: bayes
command: ['${env}', python3, '${program}', '${args}']
metric:
  name: val/loss
  goal: minimize
parameters:
  learning_rate:
    distribution: log_uniform_values
    min: 0.0001
    max: 0.1
  batch_size:
    values: [16, 32]
  optimizer:
    values: [\"adam\", \"sgd\"]
  dropout:
    distribution: q_uniform
    min: 0.1
    max: 0.5
    q: 0.1
  epochs:
    value: 2
  use_bn:
    values: [true, false]
run_cap: 6
";

const SWEEP_SCRIPT: &str = "\
option('--learning_rate', type=float)
option('--batch_size', type=int, choices=[16, 32])
option('--optimizer', choices=['adam', 'sgd'])
option('--dropout', type=float)
option('--epochs', type=int, choices=[2])
option('--use_bn', type=boolean)
args = parser.parse_args()
for epoch in range(args.epochs):
    print({'epoch': epoch, 'val/loss': args.learning_rate + args.dropout})
";

const KATIB: &str = "\
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {namespace: kubeflow, name: random}
spec:
  objective:
    type: maximize
    goal: 0.999
    objectiveMetricName: Validation-accuracy
    additionalMetricNames: [Train-accuracy]
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 5
  maxFailedTrialCount: 3
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: '0.01', max: '0.03'}}
    - {name: num-layers, parameterType: int, feasibleSpace: {min: '2', max: '5'}}
    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
  trialTemplate:
    primaryContainerName: training-container
    trialParameters:
      - {name: learningRate, reference: lr}
      - {name: numberLayers, reference: num-layers}
      - {name: optimizer, reference: optimizer}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - name: training-container
                image: docker.io/example/mnist:latest
                command:
                  - python3
                  - train.py
                  - --batch-size=64
                  - --lr=${trialParameters.learningRate}
                  - --num-layers=${trialParameters.numberLayers}
                  - --optimizer=${trialParameters.optimizer}
            restartPolicy: Never
";

const KATIB_SCRIPT: &str = "\
option('--batch-size', type=int, choices=[64])
option('--lr', type=float)
option('--num-layers', type=int, choices=[2, 3, 4, 5])
option('--optimizer', choices=['sgd', 'adam'])
args = parser.parse_args()
print('Train-accuracy=0.99')
print(f'Validation-accuracy={0.9 - args.lr:.6f}')
";

const OPTUNA: &str = r#"{
  "lr": "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": 1e-05, \"high\": 0.1, \"log\": true}}",
  "n_layers": "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 1, \"low\": 1, \"high\": 4}}",
  "activation": "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"relu\", \"tanh\"]}}"
}"#;

const OPTUNA_SCRIPT: &str = "\
option('--lr', type=float)
option('--n_layers', type=int, choices=[1, 2, 3, 4])
option('--activation', choices=['relu', 'tanh'])
args = parser.parse_args()
print('loss:', args.lr * args.n_layers)
";

/// Imports `file`, checks the matrix, and runs it with the further arguments `rest`; each of its jobs must succeed.
fn assert_runs(file: &str, text: &str, script: &str, rest: &str, jobs: usize) {
    let lab = Lab::new("");
    lab.file(file, text).file("train.py", format!("{PARSER}{script}"));
    lab.hypertune(&format!("import {file} -o imported.yaml")).exits(0).stderr_contains("hypertune plan");
    let command = if rest.is_empty() { String::new() } else { format!(" -- {rest}") };
    lab.hypertune(&format!("check imported.yaml{command}")).exits(0);
    lab.hypertune(&format!("run imported.yaml -q --seed 1 -j 2 --max-jobs {jobs}{command}"));
    let ended = lab.hypertune("export imported.study --format jsonl").exits(0).json_lines();
    assert_eq!(ended.len(), jobs, "{file}");
    for job in &ended {
        assert_eq!(job["status"], "succeeded", "{file}: {job}");
        assert!(job["value"].is_number(), "{file}: {job}");
    }
}

#[test]
fn a_sweep_runs_with_its_arguments() {
    assert_runs("sweep.yaml", SWEEP, SWEEP_SCRIPT, "", 6);
}

#[test]
fn an_experiment_of_katib_runs_with_its_arguments() {
    assert_runs("experiment.yaml", KATIB, KATIB_SCRIPT, "", 5);
}

#[test]
fn distributions_of_optuna_run_with_a_command() {
    assert_runs("space.json", OPTUNA, OPTUNA_SCRIPT, "python3 train.py", 4);
}
