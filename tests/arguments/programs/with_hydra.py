import os

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from report import PARAMS, report

ConfigStore.instance().store(name="config", node={name.lstrip("+"): None for name in PARAMS if not name.startswith("+")})


@hydra.main(version_base=None, config_name="config")
def main(config):
    report({("" if name in PARAMS else "+") + name: value for name, value in OmegaConf.to_container(config, resolve=True).items()})
    assert hydra.core.hydra_config.HydraConfig.get().runtime.output_dir == os.environ["HYPERTUNE_TRIAL_DIR"]


main()
